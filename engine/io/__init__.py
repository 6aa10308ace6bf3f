"""What a job reads and writes beside its job.json: pictures, mesh files, report.json and the figures in it."""
