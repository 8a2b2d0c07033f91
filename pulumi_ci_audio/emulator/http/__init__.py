"""HTTP and XML: sockets, messages, hosts, signatures. No rules of the service."""
