"""The only place with SQL: answers named questions with model values."""
