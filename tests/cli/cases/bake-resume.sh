# A bake that is killed leaves a whole checkpoint; --resume goes on from it and removes it.
make_inputs good in/data
cd in
options="-o out.safetensors --resolution 96 --iterations 300 --checkpoint-interval 0.05 --device cpu"
bake() { voxpack bake data $options "$@"; }
# Ends a bake with signal $1 as soon as it has kept a state.
stop() {
  voxpack bake data $options -q 2> stopped &
  job=$!
  tries=0
  while [ ! -e out.safetensors.checkpoint ] && [ $tries -lt 1000 ]; do
    sleep 0.05
    tries=$((tries + 1))
  done
  kill -s "$1" $job
  wait $job 2> killed
  echo "code $?"
  cat stopped
}
stop INT
rm out.safetensors.checkpoint
stop KILL
rm stopped killed
ls | grep -v tmp
voxpack info out.safetensors.checkpoint --json > info.json && echo "the checkpoint is a field"

bake --resume --seed 7 -q
echo "code $?"
make_inputs good other
python3 - <<'P'
import json
path = "other/transforms_train.json"
content = json.load(open(path))
content["frames"].pop()
json.dump(content, open(path, "w"))
P
voxpack bake other $options --resume -q
echo "code $?"
bake --resume --report r.json 2>&1 | grep -c 'goes on from out.safetensors.checkpoint'
ls | grep out
python3 - <<'P'
import json
r = json.load(open("r.json"))
print(r["levels"][-1]["resolution"], sum(level["iterations"] for level in r["levels"]) < 300)
P
# Damage is found, and nothing to go on from is no error.
head -c 1000 out.safetensors > out.safetensors.checkpoint
bake --resume -q 2>&1 | grep -c 'out.safetensors.checkpoint: .*'
rm out.safetensors*
voxpack bake data -o out.safetensors --resolution 32 --iterations 20 --resume 2>&1 | grep warning
ls | grep out
