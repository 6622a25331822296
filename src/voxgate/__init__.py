"""voxgate: a voice gateway that places calls over SIP and asks a web application what to say."""
