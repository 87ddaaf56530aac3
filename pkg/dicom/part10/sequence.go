package part10

// sequence goes over the items of a sequence of undefined length (PS3.5 section
// 7.5).
func (s *scanner) sequence(depth int) error {
	for {
		e, err := s.inside()
		switch {
		case err != nil:
			return err
		case e.tag == tagSequenceEnd:
			return nil
		case e.tag != tagItem:
			return fileError(Malformed, s.at, "a sequence contains (%04X,%04X) instead of an item before byte %d", e.tag>>16, e.tag&0xFFFF, s.at)
		case e.length != undefined:
			err = s.skip(int64(e.length))
		default:
			err = s.item(depth)
		}
		if err != nil {
			return err
		}
	}
}

// item goes over the elements of an item of undefined length.
func (s *scanner) item(depth int) error {
	for {
		e, err := s.inside()
		if err != nil || e.tag == tagItemEnd {
			return err
		}
		if err := s.over(e, depth); err != nil {
			return err
		}
	}
}

// fragments goes over encapsulated pixel data, and adds the fragments up. The
// first item is the Basic Offset Table.
func (s *scanner) fragments() (length int64, err error) {
	for first := true; ; first = false {
		e, err := s.inside()
		if err != nil || e.tag == tagSequenceEnd {
			return length, err
		}
		if e.tag != tagItem || e.length == undefined {
			return length, fileError(Malformed, s.at, "its encapsulated pixel data contains something other than fragments before byte %d", s.at)
		}
		if !first {
			length += int64(e.length)
		}
		if err := s.skip(int64(e.length)); err != nil {
			return length, err
		}
	}
}
