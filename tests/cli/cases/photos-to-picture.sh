# The whole way, small: bake, compress, evaluate; the figures are good enough and in the report.
make_inputs good in/data
cd in
voxpack compress data -o f.vxp --resolution 40 --iterations 120 --refine-iterations 30 \
  --target-size 100kB --report c.json -q
voxpack evaluate f.vxp --views data --save-views views --report e.json -q > table
ls views
python3 - <<'P'
import json
c, e = json.load(open("c.json")), json.load(open("e.json"))
print([stage["name"] for stage in c["stages"]])
print(c["size_bytes"] <= 100000, c["options"]["target_size"], c["command"], c["device"])
print(all(s["seconds"] >= 0 and s["peak_memory_bytes"] > 0 for s in c["stages"]))
print(sorted(set(("point_count", "size_bytes", "psnr_mean_db", "psnr_min_db", "ssim_mean",
                  "edge_psnr_mean_db", "view_count", "seconds", "peak_memory_bytes", "device",
                  "stages", "warnings", "inputs", "options", "schema")) - set(e)))
print(e["view_count"], len(e["views"]), e["psnr_mean_db"] > 22, e["ssim_mean"] > 0.8)
print(e["psnr_min_db"] <= e["psnr_mean_db"], e["size_bytes"] == c["size_bytes"])
P
