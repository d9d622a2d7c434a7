"""What a failover request is and may become: standard library only, no clock, no input or output."""
