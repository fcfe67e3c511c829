/* The workflow was changed elsewhere while it was changed here: what differs, and which version goes on. */
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { formatAgo } from '../format';
import type { GraphDocument } from './document';
import { clashes, difference, merge, type Difference } from './merge';
import type { Conflict, Saver } from './saving';

function Changes({ title, changes: { nodes, edges, renamed } }: { title: string; changes: Difference }) {
	return (
		<section>
			<h3>{title}</h3>
			<ul>
				{renamed && <li>The name of the workflow</li>}
				{nodes.map(({ id, title: name, how }) => (
					<li key={id}>
						<strong>{name}</strong> {how}
					</li>
				))}
				{edges > 0 && <li>{edges === 1 ? 'One connection' : `${edges} connections`}</li>}
			</ul>
		</section>
	);
}

export function ConflictDialog({ conflict, document, saver }: { conflict: Conflict; document: GraphDocument; saver: Saver }) {
	const { base, theirs, workflow } = conflict;
	const mine = document.graph;
	const clashing = clashes(base, mine, theirs);
	return (
		<Dialog
			title="This workflow was changed elsewhere"
			wide
			actions={
				<>
					<Button onClick={() => saver.resolve(theirs)}>Take the other version</Button>
					<Button onClick={() => saver.resolve(mine)}>Keep mine only</Button>
					<Button kind="primary" onClick={() => saver.resolve(merge(base, mine, theirs))}>
						Keep both changes
					</Button>
				</>
			}
		>
			<p>Another tab, or somebody with your account, saved it {formatAgo(workflow.updatedAt)}, so your changes were not saved over it. Undo leads back whatever you choose.</p>
			<div className="compare-two">
				<Changes title="Changed here" changes={difference(base, mine)} />
				<Changes title="Changed elsewhere" changes={difference(base, theirs)} />
			</div>
			{clashing.length > 0 && (
				<p>
					Both changed {clashing.map(({ title }) => `“${title}”`).join(', ')}. “Keep both changes” takes your version of {clashing.length === 1 ? 'it' : 'them'}.
				</p>
			)}
		</Dialog>
	);
}
