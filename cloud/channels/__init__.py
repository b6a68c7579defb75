"""Messages to members by SMS, WeChat and e-mail: an outbox at HQ, ports to providers, and honest states of delivery."""
