"""No longer a member."""
