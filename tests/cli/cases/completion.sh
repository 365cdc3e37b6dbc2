voxpack completion bash > in/bash && bash -n in/bash
bash -c '. in/bash; COMP_WORDS=(voxpack quan); COMP_CWORD=1; _voxpack; echo "${COMPREPLY[@]}"
  COMP_WORDS=(voxpack quantize --target); COMP_CWORD=2; _voxpack; echo "${COMPREPLY[@]}"
  COMP_WORDS=(voxpack bench sc); COMP_CWORD=2; _voxpack; echo "${COMPREPLY[@]}"'
voxpack completion zsh | head -n 1
voxpack completion fish | grep -c target-size
voxpack completion tcsh
