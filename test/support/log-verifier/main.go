// Checks a log over HTTP with Go's own implementations of signed notes and of tiled logs, which know nothing of Assay:
// the signature of the checkpoint, every tile, inclusion of every entry, and consistency with every earlier size.
// Arguments: the address of the server, and the log's verifier key. Prints how many entries it has seen.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

func main() {
	size, err := check(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(size)
}

func check(server, key string) (int64, error) {
	tree, err := signedTree(server, key)
	if err != nil {
		return 0, err
	}
	tiles := &tileReader{server: server}
	// TileHashReader compares every tile with the signed root before it gives a hash of it.
	hashes := tlog.TileHashReader(tree, tiles)
	leaves, err := leafHashes(server, tree.N)
	if err != nil {
		return 0, err
	}
	for n, leaf := range leaves {
		proof, err := tlog.ProveRecord(tree.N, int64(n), hashes)
		if err != nil {
			return 0, fmt.Errorf("proof of entry %d: %w", n, err)
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, int64(n), leaf); err != nil {
			return 0, fmt.Errorf("entry %d: %w", n, err)
		}
	}
	for n := int64(1); n <= tree.N; n++ {
		old, err := tlog.TreeHash(n, hashes)
		if err != nil {
			return 0, fmt.Errorf("tree of %d: %w", n, err)
		}
		proof, err := tlog.ProveTree(tree.N, n, hashes)
		if err != nil {
			return 0, fmt.Errorf("consistency with %d: %w", n, err)
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, n, old); err != nil {
			return 0, fmt.Errorf("consistency with %d: %w", n, err)
		}
	}
	return tree.N, nil
}

func signedTree(server, key string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return tlog.Tree{}, err
	}
	signed, err := get(server + "/log/checkpoint")
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		return tlog.Tree{}, fmt.Errorf("no checkpoint of %s: %q", verifier.Name(), opened.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tlog.Tree{}, errors.New("the checkpoint has no root")
	}
	return tlog.Tree{N: size, Hash: tlog.Hash(root)}, nil
}

func leafHashes(server string, size int64) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for int64(len(hashes)) < size {
		width := min(size-int64(len(hashes)), 1<<height)
		tile := tlog.Tile{H: height, L: -1, N: int64(len(hashes)) >> height, W: int(width)}
		bundle, err := get(server + "/log/" + pathOf(tile))
		if err != nil {
			return nil, err
		}
		for len(bundle) > 0 {
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			hashes = append(hashes, tlog.RecordHash(bundle[2:end]))
			bundle = bundle[end:]
		}
	}
	return hashes, nil
}

type tileReader struct{ server string }

func (r *tileReader) Height() int { return height }

func (r *tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var read [][]byte
	for _, tile := range tiles {
		data, err := get(r.server + "/log/" + pathOf(tile))
		if err != nil {
			return nil, err
		}
		read = append(read, data)
	}
	return read, nil
}

func (r *tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

// C2SP tlog-tiles leaves out the height, and calls the level of records by another name.
func pathOf(tile tlog.Tile) string {
	path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
	return strings.Replace(path, "tile/data/", "tile/entries/", 1)
}

func get(url string) ([]byte, error) {
	response, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, response.Status)
	}
	return io.ReadAll(response.Body)
}
