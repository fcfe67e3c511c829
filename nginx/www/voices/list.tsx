/* All voice profiles: whose voice each is, and whether it speaks yet. */
import { useEffect, useState } from 'react';
import { Link, navigate } from '../router';
import { serviceTitle } from '../services';
import { Button } from '../ui/button';
import { Menu } from '../ui/menu';
import { Badge, Empty, Failure, Loading } from '../ui/states';
import { useResource } from '../use-resource';
import { deleteProfile } from './delete';
import { CreateDialog, RenameDialog } from './dialogs';
import { PROFILES, STATUS, type Profile } from './types';

/* How often a voice in training is looked at again. */
const POLL_MS = 3000;

function Row({ profile, onRename, onDelete }: { profile: Profile; onRename: () => void; onDelete: () => void }) {
	const { id, name, provider, language, trainingStatus, assets } = profile;
	const status = STATUS[trainingStatus];
	return (
		<li className="voice-row">
			<div className="voice-name">
				<Link href={`/voices/${id}`}>{name}</Link>
				<p className="fine">
					{serviceTitle(provider)} · {language} · {assets.length === 1 ? '1 sample' : `${assets.length} samples`}
				</p>
			</div>
			<Badge kind={status.kind}>{status.label}</Badge>
			<Menu
				label={`Actions for ${name}`}
				items={[
					{ label: 'Open', icon: 'voice', run: () => void navigate(`/voices/${id}`) },
					{ label: 'Rename', icon: 'edit', run: onRename },
					{ label: 'Delete', icon: 'trash', danger: true, run: onDelete },
				]}
			/>
		</li>
	);
}

export default function VoiceList() {
	const { data, error, reload, setData } = useResource<Profile[]>(PROFILES);
	const [creating, setCreating] = useState(false);
	const [renaming, setRenaming] = useState<Profile | null>(null);
	const training = data?.some(({ trainingStatus }) => trainingStatus === 'training');

	useEffect(() => {
		if (!training) return;
		const timer = setInterval(() => document.hidden || void reload(), POLL_MS);
		return () => clearInterval(timer);
	}, [training, reload]);

	async function remove(profile: Profile) {
		if (await deleteProfile(profile)) setData((all) => all.filter(({ id }) => id !== profile.id));
	}

	function renamed(name: string) {
		setRenaming(null);
		setData((all) => all.map((profile) => (profile.id === renaming?.id ? { ...profile, name } : profile)));
	}

	const create = (
		<Button kind="primary" icon="plus" onClick={() => setCreating(true)}>
			New voice profile
		</Button>
	);
	return (
		<>
			<header className="page-head">
				<h1>Voices</h1>
				{data && data.length > 0 && create}
			</header>
			{error && !data ? (
				<Failure error={error} retry={reload} what="your voices" />
			) : !data ? (
				<Loading what="your voices" />
			) : data.length === 0 ? (
				<Empty icon="voice" title="No voices yet" actions={create}>
					A voice profile is a voice that your workflows speak with: one that a provider has, or your own, cloned from recordings.
				</Empty>
			) : (
				<ul className="voice-list plain-list">
					{data.map((profile) => (
						<Row key={profile.id} profile={profile} onRename={() => setRenaming(profile)} onDelete={() => void remove(profile)} />
					))}
				</ul>
			)}
			{creating && <CreateDialog onClose={() => setCreating(false)} onMade={({ id }) => void navigate(`/voices/${id}`)} />}
			{renaming && <RenameDialog profile={renaming} onClose={() => setRenaming(null)} onSaved={renamed} />}
		</>
	);
}
