package program_test

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// sector is what a disk writes whole or not at all.
const sector = 512

// image is a folder as a loss of power leaves it: by name, what is in its files.
type image map[string][]byte

// disk is what of a folder is on the disk for sure, and what may be.
type disk struct {
	files   map[int]*fileOnDisk
	names   map[string]int
	unnamed []deed // what was done to names since the folder was synced
}

type fileOnDisk struct {
	content []byte
	pending []deed // what was written since the file was synced
}

// fate is what becomes of what was not synced.
type fate int

const (
	lost  fate = iota // nothing of it is on the disk
	kept              // all is: the program was killed
	mixed             // each write is or is not, in any order
	torn              // each sector of each write is or is not
	fates
)

// powerLoss is what a loss of power leaves after the first deeds. What was written and
// not synced has a fate; names that were made, moved or removed and not synced may be
// there or not.
func powerLoss(deeds []deed, after int, f fate, chance *rand.Rand) image {
	d := disk{files: make(map[int]*fileOnDisk), names: make(map[string]int)}
	for i, one := range deeds[:after] {
		d.do(i, one)
	}
	names := maps.Clone(d.names)
	for _, one := range d.unnamed {
		if f == kept || f != lost && chance.IntN(2) == 0 {
			rename(names, one)
		}
	}
	left := make(image)
	for name, number := range names {
		file := d.files[number]
		content := slices.Clone(file.content)
		for _, one := range file.pending {
			content = survive(content, one, f, chance)
		}
		left[name] = content
	}
	return left
}

// do does a deed, which has a number.
func (d *disk) do(number int, one deed) {
	switch one.kind {
	case made:
		d.files[one.file] = &fileOnDisk{}
		d.unnamed = append(d.unnamed, at(one, number))
	case linked, renamed, removed:
		d.unnamed = append(d.unnamed, at(one, number))
	case written, cut:
		file := d.files[one.file]
		file.pending = append(file.pending, at(one, number))
	case synced:
		file := d.files[one.file]
		file.pending = settle(file.pending, one.seen, func(done deed) { file.content = apply(file.content, done) })
	case allSynced:
		d.unnamed = settle(d.unnamed, one.seen, func(done deed) { rename(d.names, done) })
	}
}

// at is a deed with its number, which is what seen is of one that is no sync.
func at(one deed, number int) deed {
	one.seen = number
	return one
}

// settle does what was done before a sync began, and returns the rest.
func settle(pending []deed, before int, do func(deed)) (rest []deed) {
	for _, one := range pending {
		if one.seen < before {
			do(one)
		} else {
			rest = append(rest, one)
		}
	}
	return rest
}

// rename does a deed to the names of a folder.
func rename(names map[string]int, one deed) {
	switch one.kind {
	case made:
		names[one.name] = one.file
	case linked:
		names[one.to] = one.file
	case renamed:
		names[one.to] = one.file
		delete(names, one.name)
	case removed:
		delete(names, one.name)
	}
}

// apply does a deed to what is in a file.
func apply(content []byte, one deed) []byte {
	if one.kind == cut {
		return resize(content, one.at)
	}
	if end := one.at + int64(len(one.data)); end > int64(len(content)) {
		content = resize(content, end)
	}
	copy(content[one.at:], one.data)
	return content
}

func resize(content []byte, size int64) []byte {
	if size <= int64(len(content)) {
		return content[:size]
	}
	return append(content, make([]byte, size-int64(len(content)))...)
}

// survive does to a file what its fate leaves of a deed. A file may have grown to where
// nothing was written yet.
func survive(content []byte, one deed, f fate, chance *rand.Rand) []byte {
	switch {
	case f == kept || f == mixed && chance.IntN(2) == 0 || f == torn && one.kind == cut && chance.IntN(2) == 0:
		return apply(content, one)
	case f != torn || one.kind == cut:
		return content
	}
	if end := one.at + int64(len(one.data)); end > int64(len(content)) && chance.IntN(2) == 0 {
		content = resize(content, end)
	}
	for begin := 0; begin < len(one.data); {
		end := min(begin+sector-int(one.at+int64(begin))%sector, len(one.data))
		if chance.IntN(2) == 0 {
			content = apply(content, deed{kind: written, at: one.at + int64(begin), data: one.data[begin:end]})
		}
		begin = end
	}
	return content
}

// write makes a folder of an image.
func (i image) write(folder string) error {
	for name, content := range i {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
