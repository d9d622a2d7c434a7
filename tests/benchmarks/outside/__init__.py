"""The world around what is measured: Slack and the cloud as bare answers, the loads, a slow wire."""
