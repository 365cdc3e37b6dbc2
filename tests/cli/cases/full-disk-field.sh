# A file size limit stands for the full disk: the write fails in the middle.
ulimit -f 16
voxpack demo --field --resolution 48 -o out.safetensors --report out.json -q
