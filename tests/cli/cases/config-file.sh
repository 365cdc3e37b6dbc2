cat > in/c.toml <<'T'
[demo]
resolution = 32
quiet = true
field = true
T
voxpack demo --config in/c.toml -o in/a.safetensors
voxpack demo --field --resolution 32 -o in/b.safetensors -q
cmp in/a.safetensors in/b.safetensors && echo "as on the command line"
cat > in/wrong.toml <<'T'
[demo]
resolutoin = 32
T
voxpack demo --config in/wrong.toml -o out.safetensors
