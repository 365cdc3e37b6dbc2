voxpack completion bash > /dev/full
