voxpack demo --config in/nothing.toml -o out.safetensors
