# Two small sizes; the figures themselves are those of a machine.
voxpack bench scale --points 20k,40k --target-points 9000 --device cpu -q --folder . \
  --json figures.json --report report.json | awk '{ print $1, $2, $3 }' | sed 's/ [0-9.]*$//'
python3 - <<'END'
import json
rows = json.load(open("figures.json"))
report = json.load(open("report.json"))
print(report["command"], report["options"]["points"], report["sizes"] == rows)
for row in rows:
    print(row["resolution"], row["point_count"], row["kept_point_count"] <= 9000,
          [s["name"] for s in row["stages"]], row["seconds"] > 0, row["peak_memory_bytes"] > 1e6)
END
rm figures.json report.json
