#!/usr/bin/env bash
# Makes the files of a release of the last commit, twice and in two folders, and
# publishes nothing. Both must have the same bytes. They stay in dist.
#
# The first run compiles GoReleaser, which takes minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

goreleaser=(go run github.com/goreleaser/goreleaser/v2@v2.16.0)
"${goreleaser[@]}" check

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for copy in one two; do
	git clone --quiet --no-hardlinks . "$work/$copy"
	(
		cd "$work/$copy"
		# No release has this version; it is seen in this copy alone.
		git tag v0.0.0-trial
		git remote set-url origin https://github.com/callvault/callvault
		"${goreleaser[@]}" release --clean --skip=publish,announce
	)
done
diff "$work/one/dist/SHA256SUMS" "$work/two/dist/SHA256SUMS"
(cd "$work/one/dist" && sha256sum --check --quiet SHA256SUMS)
rm -rf dist
mv "$work/one/dist" dist

# The program of this machine says which release it is of.
program=$(echo dist/callvault_"$(go env GOOS)_$(go env GOARCH)"*/callvault)
said=$("$program" version)
[[ $said == "callvault v0.0.0-trial "* ]] || { echo "it says: $said" >&2; exit 1; }

for file in dist/*.tar.gz; do tar -tzf "$file"; done
for file in dist/*.deb; do ! command -v dpkg-deb >/dev/null || dpkg-deb --contents "$file"; done
for file in dist/*.rpm; do ! command -v rpm >/dev/null || rpm -qlvp "$file"; done
cat dist/SHA256SUMS
