# docs/cli.md names every command and option that this binary has.
voxpack completion fish > in/fish
sed -n 's/.*use_subcommand -a \([a-z-]*\) .*/\1/p' in/fish | while read -r command; do
  grep -q "\`$command" "$VOXPACK_DOCS/cli.md" || echo "missing: $command"
done
sed -n 's/.* -l \([a-z0-9-]*\) .*/\1/p' in/fish | sort -u | while read -r option; do
  [ "$option" = help ] || grep -q -e "\`--$option\\b" -e "--$option " "$VOXPACK_DOCS/cli.md" ||
    echo "missing: --$option"
done
wc -l < in/fish | awk '{print ($1 > 80)}'
