voxpack bake in/data -o out.safetensors --threads 0
