"""Networks, apart from the objectives that train them."""
