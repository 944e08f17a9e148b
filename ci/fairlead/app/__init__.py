"""A compose app: what each service is, and what of it makes a release."""
