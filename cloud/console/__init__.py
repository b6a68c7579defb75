"""Pages for people at head office: each opens with its answer, then the picture, then the table."""
