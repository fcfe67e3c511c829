/* One voice profile: its samples, its training, and how it sounds. */
import { useEffect, useState } from 'react';
import { TestSentence } from '../audio/test-sentence';
import { Link, navigate, type Params } from '../router';
import { serviceTitle } from '../services';
import { useTitle } from '../shell';
import { Button } from '../ui/button';
import { Icon } from '../ui/icon';
import { Badge, Failure, Loading } from '../ui/states';
import { useResource } from '../use-resource';
import { deleteProfile } from './delete';
import { RenameDialog } from './dialogs';
import { Samples } from './samples';
import { Training } from './training';
import { PROFILES, STATUS, isCloned, type Profile } from './types';

const POLL_MS = 3000;

export default function VoicePage({ params }: { params: Params }) {
	const { data: profile, error, reload, setData } = useResource<Profile>(`${PROFILES}/${encodeURIComponent(params.id ?? '')}`);
	const [renaming, setRenaming] = useState(false);
	const training = profile?.trainingStatus === 'training';
	useTitle(profile?.name ?? 'Voice');

	useEffect(() => {
		if (!training) return;
		const timer = setInterval(() => document.hidden || void reload(), POLL_MS);
		return () => clearInterval(timer);
	}, [training, reload]);

	if (!profile) return error ? <Failure error={error} retry={reload} what="the voice" /> : <Loading what="the voice" />;

	async function remove(gone: Profile) {
		if (await deleteProfile(gone)) await navigate('/voices', { replace: true });
	}

	const status = STATUS[profile.trainingStatus];
	const cloned = isCloned(profile);
	return (
		<div className="voice-page">
			<Link href="/voices" className="voice-back">
				<Icon name="back" />
				All voices
			</Link>
			<header className="page-head">
				<h1>{profile.name}</h1>
				<div className="row">
					<Button icon="edit" onClick={() => setRenaming(true)}>
						Rename
					</Button>
					<Button icon="trash" onClick={() => remove(profile)}>
						Delete
					</Button>
				</div>
				<p className="row">
					<Badge kind={status.kind}>{status.label}</Badge>
					<span className="quiet">
						{serviceTitle(profile.provider)} · {profile.language}
						{profile.providerVoiceId ? ` · voice ${profile.providerVoiceId}` : cloned && ' · cloned from samples'}
					</span>
				</p>
			</header>
			<div className="stack">
				<Samples key={profile.id} profile={profile} cloned={cloned} onChange={(change) => setData((old) => ({ ...old, assets: change(old.assets) }))} />
				<Training key={`${profile.id} training`} profile={profile} cloned={cloned} reload={reload} />
				{profile.trainingStatus === 'ready' && (
					<section className="card stack" aria-labelledby="hear-title">
						<h2 id="hear-title">Hear it</h2>
						<TestSentence voice={profile.id} />
					</section>
				)}
			</div>
			{renaming && (
				<RenameDialog
					profile={profile}
					onClose={() => setRenaming(false)}
					onSaved={(name) => {
						setRenaming(false);
						setData((old) => ({ ...old, name }));
					}}
				/>
			)}
		</div>
	);
}
