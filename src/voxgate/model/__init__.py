"""The product's nouns as frozen values, shared by everybody, owning nothing."""
