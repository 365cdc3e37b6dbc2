make_inputs good in/data
for name in INT TERM; do
  voxpack bake in/data -o out.safetensors --resolution 64 --iterations 1000000 -q &
  sleep 1.5
  kill -s $name $!
  wait $!
  echo "code $?"
done
