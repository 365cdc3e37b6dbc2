# What a size means is in the report.
make_inputs picture in/a.png
for size in 5MB 5MiB 1.5kB 2k 7 0.5GB 1gib 0.1 -3 5M5 1..2MB 9999999GB; do
  if voxpack compare in/a.png in/a.png --max-size $size --report in/r.json > in/table 2> in/error; then
    echo "$size: $(grep -o '"max_size": [0-9]*' in/r.json)"
  else
    echo "$size: code $?"
  fi
done
