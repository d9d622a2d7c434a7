"""The way of the tables from one version to the next: only additions, so that an older process keeps running."""
