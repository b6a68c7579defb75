"""What happens in stores besides sales: who works there, shifts and their reports, cash, copies, baskets given up."""
