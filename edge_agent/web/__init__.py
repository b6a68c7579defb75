"""The till's pages: server-rendered, live, on this machine's loopback. No decisions here: the use cases make them."""
