package forest

import "slices"

// follow puts a peer into the trees of what it follows, and takes it out of the others.
func (f *Forest) follow(p *peer, renditions []int) {
	p.follow = slices.Clone(renditions)
	want := f.treesOf(p)
	for _, n := range slices.Clone(p.nodes) {
		if !slices.Contains(want, n.tree.rendition) {
			n.tree.forget(n)
		}
	}
	for _, r := range want {
		if f.trees[r] == nil {
			f.trees[r] = newTree(f, r)
		}
		if n := f.trees[r].nodeOf(p); n != nil {
			f.changed(n) // what rides with it may be another
			continue
		}
		f.trees[r].admit(p)
	}
	if len(f.ladder) > 0 && !slices.ContainsFunc(p.nodes, (*node).waiting) {
		p.plans = nil // for what it doesn't follow
	}
}

// treesOf lists the trees that a peer belongs into: those of its video renditions, or
// of its audio when it follows nothing else.
func (f *Forest) treesOf(p *peer) []int {
	var video, audio []int
	if p.follow == nil {
		for r := range f.ladder {
			if !f.ladder[r].Audio {
				return []int{r}
			}
		}
	}
	for _, r := range p.follow {
		switch {
		case r < 0 || r >= len(f.ladder) || slices.Contains(video, r) || slices.Contains(audio, r):
		case f.ladder[r].Audio:
			audio = append(audio, r)
		default:
			video = append(video, r)
		}
	}
	if len(video) > 0 {
		return video
	}
	return audio
}
