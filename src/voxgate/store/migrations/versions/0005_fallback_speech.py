"""Who speaks and who listens on an application's calls when the first vendor fails."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_WORDS = {
    "fallback_speech_synthesis_vendor": 64,
    "fallback_speech_synthesis_language": 64,
    "fallback_speech_synthesis_voice": 256,
    "fallback_speech_recognizer_vendor": 64,
    "fallback_speech_recognizer_language": 64,
}


def upgrade() -> None:
    switch: sa.Column[bool] = sa.Column(
        "use_for_fallback_speech", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("applications", switch)
    for name, length in _WORDS.items():
        op.add_column("applications", sa.Column(name, sa.String(length=length), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("applications") as applications:
        for name in (*_WORDS, "use_for_fallback_speech"):
            applications.drop_column(name)
