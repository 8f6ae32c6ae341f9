"""iMessage and SMS, as stored by Messages on a Mac and an iPhone."""
