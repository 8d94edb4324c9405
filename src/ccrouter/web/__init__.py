"""HTTP: metrics and health for machines on TCP, control for people of this machine on a unix socket."""
