"""Members' value at the till: asked of HQ while there is a network, spent from allowances while there is none."""
