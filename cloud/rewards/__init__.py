"""What happens to members' value outside of sales: runs that people approve, gifts for points, prize draws."""
