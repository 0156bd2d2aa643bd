// Trees, proofs, tiles, checkpoints and cosignatures of the log, checked with golang.org/x/mod/sumdb/tlog and note:
// code that shares nothing with the service. Each line of the input is one case in JSON; each line of the output is
// "ok" or what is wrong with it.
package main

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// A proof of one leaf, or of one earlier tree, as the service made it.
type proof struct {
	Number int64    `json:"number"`
	Root   string   `json:"root"`
	Hashes []string `json:"hashes"`
}

type treeCase struct {
	Seed      string            `json:"seed"`
	Size      int64             `json:"size"`
	Root      string            `json:"root"`
	Inclusion []proof           `json:"inclusion"`
	Growth    []proof           `json:"growth"`
	Tiles     map[string]string `json:"tiles"`
	// A log as it is served: no leaves are known, the tiles are all there is.
	Note      string   `json:"note"`
	Keys      []string `json:"keys"`
	Witnesses []string `json:"witnesses"`
	Leaves    []string `json:"leaves"`
}

func parse(text string) (hash tlog.Hash) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(hash) {
		return tlog.Hash{}
	}
	copy(hash[:], raw)
	return hash
}

func parseAll(texts []string) []tlog.Hash {
	hashes := make([]tlog.Hash, len(texts))
	for i, text := range texts {
		hashes[i] = parse(text)
	}
	return hashes
}

func same(one, other []tlog.Hash) bool {
	if len(one) != len(other) {
		return false
	}
	for i := range one {
		if one[i] != other[i] {
			return false
		}
	}
	return true
}

// The hashes of a tree in the order in which tlog keeps them.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(s)) {
			return nil, fmt.Errorf("hash %d is not stored", index)
		}
		found[i] = s[index]
	}
	return found, nil
}

func grow(c treeCase) (stored, error) {
	var hashes stored
	for n := int64(0); n < c.Size; n++ {
		data := []byte(c.Seed + ":" + strconv.FormatInt(n, 10))
		added, err := tlog.StoredHashes(n, data, hashes)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, added...)
	}
	return hashes, nil
}

// The service's tiles, as tlog reads tiles: each is held against the signed root before it is believed.
type served struct{ tiles map[string]string }

func (s served) Height() int                          { return height }
func (s served) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (s served) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		path := strings.TrimPrefix(tile.Path(), "tile/8/")
		data, err := base64.StdEncoding.DecodeString(s.tiles[path])
		if err != nil || len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("tile %s is missing or too short", path)
		}
		found = append(found, data)
	}
	return found, nil
}

func checkProofs(c treeCase, hashes tlog.HashReader, root tlog.Hash) error {
	for _, p := range c.Inclusion {
		leaf, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, p.Number)})
		if err != nil {
			return err
		}
		ours := parseAll(p.Hashes)
		if err := tlog.CheckRecord(ours, c.Size, root, p.Number, leaf[0]); err != nil {
			return fmt.Errorf("inclusion of %d: %v", p.Number, err)
		}
		theirs, err := tlog.ProveRecord(c.Size, p.Number, hashes)
		if err != nil || !same(theirs, ours) {
			return fmt.Errorf("inclusion of %d: another proof (%v)", p.Number, err)
		}
	}
	for _, p := range c.Growth {
		ours := parseAll(p.Hashes)
		if err := tlog.CheckTree(ours, c.Size, root, p.Number, parse(p.Root)); err != nil {
			return fmt.Errorf("growth from %d: %v", p.Number, err)
		}
		theirs, err := tlog.ProveTree(c.Size, p.Number, hashes)
		if err != nil || !same(theirs, ours) {
			return fmt.Errorf("growth from %d: another proof (%v)", p.Number, err)
		}
	}
	return nil
}

func checkTiles(c treeCase, hashes tlog.HashReader, root tlog.Hash) error {
	// tlog names every width that a tile grows through; ours are the widest of each.
	widest := map[[2]int64]tlog.Tile{}
	for _, tile := range tlog.NewTiles(height, 0, c.Size) {
		widest[[2]int64{int64(tile.L), tile.N}] = tile
	}
	if len(widest) != len(c.Tiles) {
		return fmt.Errorf("%d tiles instead of %d", len(c.Tiles), len(widest))
	}
	for _, tile := range widest {
		theirs, err := tlog.ReadTileData(tile, hashes)
		path := strings.TrimPrefix(tile.Path(), "tile/8/")
		ours, _ := base64.StdEncoding.DecodeString(c.Tiles[path])
		if err != nil || !bytes.Equal(theirs, ours) {
			return fmt.Errorf("tile %s differs (%v)", path, err)
		}
	}
	reader := tlog.TileHashReader(tlog.Tree{N: c.Size, Hash: root}, served{c.Tiles})
	return checkProofs(c, reader, root)
}

func checkTree(c treeCase) error {
	hashes, err := grow(c)
	if err != nil {
		return err
	}
	root := parse(c.Root)
	if c.Size == 0 {
		// tlog has no root for the empty tree; RFC 6962 has this one.
		if root != tlog.Hash(sha256.Sum256(nil)) {
			return fmt.Errorf("the empty tree has another root")
		}
		return nil
	}
	theirs, err := tlog.TreeHash(c.Size, hashes)
	if err != nil || theirs != root {
		return fmt.Errorf("the root is %v and not %v (%v)", theirs, root, err)
	}
	if c.Tiles != nil {
		if err := checkTiles(c, hashes, root); err != nil {
			return err
		}
	}
	return checkProofs(c, hashes, root)
}

// A cosignature of a witness (C2SP tlog-cosignature), in the shape that the package note asks for.
type witness struct {
	name string
	key  ed25519.PublicKey
	id   uint32
}

func newWitness(text string) (note.Verifier, error) {
	parts := strings.SplitN(text, "+", 3)
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 33 || raw[0] != 4 {
		return nil, fmt.Errorf("no witness key")
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), raw...))
	return witness{parts[0], ed25519.PublicKey(raw[1:]), binary.BigEndian.Uint32(sum[:4])}, nil
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.id }
func (w witness) Verify(text, signature []byte) bool {
	if len(signature) != 72 {
		return false
	}
	at := binary.BigEndian.Uint64(signature[:8])
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", at, text)
	return ed25519.Verify(w.key, []byte(message), signature[8:])
}

func checkLog(c treeCase) error {
	var known []note.Verifier
	for _, text := range c.Keys {
		verifier, err := note.NewVerifier(text)
		if err != nil {
			return err
		}
		known = append(known, verifier)
	}
	for _, text := range c.Witnesses {
		verifier, err := newWitness(text)
		if err != nil {
			return err
		}
		known = append(known, verifier)
	}
	opened, err := note.Open([]byte(c.Note), note.VerifierList(known...))
	if err != nil {
		return err
	}
	if len(opened.Sigs) != len(c.Keys)+len(c.Witnesses) {
		return fmt.Errorf("%d of %d keys signed", len(opened.Sigs), len(known))
	}
	lines := strings.Split(opened.Text, "\n")
	size, _ := strconv.ParseInt(lines[1], 10, 64)
	root, err := tlog.ParseHash(lines[2])
	if err != nil || lines[0] != opened.Sigs[0].Name || size != c.Size {
		return fmt.Errorf("the checkpoint says %q", opened.Text)
	}
	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, served{c.Tiles})
	for n, leaf := range c.Leaves {
		found, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(n))})
		if err != nil || found[0] != parse(leaf) {
			return fmt.Errorf("leaf %d is another (%v)", n, err)
		}
	}
	return checkProofs(c, reader, root)
}

func main() {
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	output := bufio.NewWriter(os.Stdout)
	defer output.Flush()
	for {
		line, err := input.ReadBytes('\n')
		if err != nil {
			return
		}
		var c treeCase
		if err = json.Unmarshal(line, &c); err == nil {
			if c.Note != "" {
				err = checkLog(c)
			} else {
				err = checkTree(c)
			}
		}
		if err != nil {
			fmt.Fprintln(output, err)
		} else {
			fmt.Fprintln(output, "ok")
		}
	}
}
