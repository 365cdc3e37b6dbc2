voxpack bake in/data
