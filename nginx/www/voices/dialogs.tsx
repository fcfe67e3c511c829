/* Making a voice profile, and naming it anew. */
import { useState, type FormEvent } from 'react';
import { ApiError, messageOf, post, put } from '../api';
import { serviceTitle } from '../services';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Field, SelectField, TextField } from '../ui/field';
import { Notice } from '../ui/states';
import { useResource } from '../use-resource';
import { CLONED, PROFILES, PROVIDERS, type Profile, type ProviderVoice } from './types';

/* In the list of voices: one that is not in it. */
const TYPED = '\n';

function byLanguage(voices: ProviderVoice[]): [string, ProviderVoice[]][] {
	const groups = new Map<string, ProviderVoice[]>();
	for (const voice of voices) groups.set(voice.language ?? '', [...(groups.get(voice.language ?? '') ?? []), voice]);
	return [...groups].sort(([a], [b]) => a.localeCompare(b));
}

function Options({ voices }: { voices: ProviderVoice[] }) {
	const option = ({ id, name, category }: ProviderVoice) => (
		<option key={id} value={id}>
			{category ? `${name} (${category})` : name}
		</option>
	);
	const groups = byLanguage(voices);
	if (groups.length < 2) return voices.map(option);
	return groups.map(([language, members]) => (
		<optgroup key={language} label={language || 'Any language'}>
			{members.map(option)}
		</optgroup>
	));
}

/* Picked from what the provider has; typed where that cannot be asked, or the voice is not in it. */
function VoiceChoice({ provider, value, onChange, onPicked, error }: { provider: string; value: string; onChange: (id: string) => void; onPicked: (voice: ProviderVoice) => void; error: string | undefined }) {
	const { data, error: failed, loading } = useResource<ProviderVoice[]>(`/api/voices?provider=${provider}`);
	const [typing, setTyping] = useState(false);
	const clone = CLONED[provider];
	const clones = clone !== undefined;
	const title = serviceTitle(provider);
	const typed = typing || failed !== null;

	function pick(id: string) {
		setTyping(id === TYPED);
		onChange(id === TYPED ? '' : id);
		const voice = data?.find((one) => one.id === id);
		if (voice) onPicked(voice);
	}

	return (
		<>
			{!failed && (
				<Field label="Voice" error={typed ? undefined : error} help={clones ? 'Cloned: you upload samples, and train the voice on them.' : undefined}>
					{(ids) => (
						<select {...ids} value={typing ? TYPED : value} disabled={loading} onChange={(event) => pick(event.target.value)}>
							<option value="">{loading ? 'Loading …' : clone === '' ? 'New, cloned from samples' : 'Choose a voice …'}</option>
							{clone && <option value={clone}>New, cloned from samples (personal voice)</option>}
							<Options voices={data ?? []} />
							<option value={TYPED}>Another one, by its id …</option>
						</select>
					)}
				</Field>
			)}
			{typed && (
				<TextField
					label="Provider voice id"
					value={value}
					maxLength={500}
					spellCheck={false}
					optional={clone === ''}
					error={error}
					help={[failed && `The voices of ${title} could not be listed: ${messageOf(failed)}`, clone === '' ? 'Left empty: a new voice, cloned from samples.' : clone && `${clone}: a new personal voice, cloned from samples.`].filter(Boolean).join(' ') || undefined}
					onChange={(event) => onChange(event.target.value)}
				/>
			)}
		</>
	);
}

export function CreateDialog({ onClose, onMade }: { onClose: () => void; onMade: (profile: Profile) => void }) {
	const [provider, setProvider] = useState('elevenlabs');
	const [voice, setVoice] = useState('');
	const [language, setLanguage] = useState('en');
	const [error, setError] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const fields = error instanceof ApiError ? error.fields : {};

	async function submit(event: FormEvent<HTMLFormElement>) {
		event.preventDefault();
		const name = String(new FormData(event.currentTarget).get('name')).trim();
		const id = voice.trim();
		setBusy(true);
		setError(null);
		try {
			onMade(await post<Profile>(PROFILES, { name, provider, ...(language.trim() && { language: language.trim() }), ...(id && { providerVoiceId: id }) }));
		} catch (failed) {
			setError(failed);
			setBusy(false);
		}
	}

	return (
		<Dialog
			title="New voice profile"
			onClose={onClose}
			actions={
				<>
					<Button onClick={onClose}>Cancel</Button>
					<Button kind="primary" type="submit" form="voice-profile" busy={busy}>
						Create
					</Button>
				</>
			}
		>
			<form id="voice-profile" className="stack" onSubmit={(event) => void submit(event)} noValidate>
				{error !== null && Object.keys(fields).length === 0 && <Notice kind="bad">{messageOf(error)}</Notice>}
				<TextField label="Name" name="name" maxLength={200} error={fields.name} />
				<SelectField
					label="Provider"
					value={provider}
					choices={PROVIDERS.map((value) => ({ value, label: serviceTitle(value) }))}
					error={fields.provider}
					onChange={(event) => {
						setProvider(event.target.value);
						setVoice('');
						setError(null);
					}}
				/>
				<VoiceChoice key={provider} provider={provider} value={voice} onChange={setVoice} onPicked={(picked) => picked.language && setLanguage(picked.language)} error={fields.providerVoiceId} />
				<TextField label="Language" value={language} maxLength={20} spellCheck={false} help="Its code, such as en or de-DE." error={fields.language} onChange={(event) => setLanguage(event.target.value)} />
			</form>
		</Dialog>
	);
}

export function RenameDialog({ profile, onClose, onSaved }: { profile: Profile; onClose: () => void; onSaved: (name: string) => void }) {
	const [error, setError] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const fields = error instanceof ApiError ? error.fields : {};

	async function submit(event: FormEvent<HTMLFormElement>) {
		event.preventDefault();
		const name = String(new FormData(event.currentTarget).get('name')).trim();
		setBusy(true);
		setError(null);
		try {
			onSaved((await put<Profile>(`${PROFILES}/${profile.id}`, { name })).name);
		} catch (failed) {
			setError(failed);
			setBusy(false);
		}
	}

	return (
		<Dialog
			title="Rename voice profile"
			onClose={onClose}
			actions={
				<>
					<Button onClick={onClose}>Cancel</Button>
					<Button kind="primary" type="submit" form="voice-name" busy={busy}>
						Save
					</Button>
				</>
			}
		>
			<form id="voice-name" className="stack" onSubmit={(event) => void submit(event)} noValidate>
				{error !== null && Object.keys(fields).length === 0 && <Notice kind="bad">{messageOf(error)}</Notice>}
				<TextField label="Name" name="name" defaultValue={profile.name} maxLength={200} error={fields.name} />
			</form>
		</Dialog>
	);
}
