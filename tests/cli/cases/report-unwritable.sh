voxpack doctor -q --report /proc/report.json
