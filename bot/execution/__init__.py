"""Durable execution of approved requests on DBOS: everything that happens after the last approval."""
