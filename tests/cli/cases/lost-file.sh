make_inputs good in/data
voxpack bake in/data -o out.safetensors --resolution 64 --iterations 1000000 -q &
sleep 1.5
kill -s BUS $!
wait $!
echo "code $?"
