"""From tables on disk to the arrays that training sees."""
