# The misspelt option is named, not the required one that it leaves missing.
voxpack quantize in/f.safetensors --ouptut out.safetensors
