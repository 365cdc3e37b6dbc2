voxpack quantze in/f.safetensors
