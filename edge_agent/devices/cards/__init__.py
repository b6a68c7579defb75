"""Card readers: from the digits or stripe a reader types to the number printed on a member's card."""
