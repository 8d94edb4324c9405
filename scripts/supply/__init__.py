"""What ccrouter is made of besides its own code: the bill of materials, and known vulnerabilities in it."""
