/* Which of the user's voices speaks, by name, and how it sounds. */
import { useEffect, useRef, useState } from 'react';
import { respond } from '../api';
import { Link } from '../router';
import { Button } from '../ui/button';
import { Field, TextField } from '../ui/field';
import { toastError } from '../ui/toast';
import { faultOf } from './connect';
import { useEditor } from './context';
import type { FieldProps } from './fields';

const SENTENCE = 'This is how I sound when I read your text.';
const STATE = { ready: '', training: ' (is being trained)', pending: ' (not trained yet)', failed: ' (training failed)' };

/* Speaks a sentence in the voice. The audio is bought, so it is asked for only by the button. */
function Preview({ voice }: { voice: string }) {
	const [text, setText] = useState(SENTENCE);
	const [url, setUrl] = useState<string | null>(null);
	const player = useRef<HTMLAudioElement>(null);
	useEffect(() => () => void (url && URL.revokeObjectURL(url)), [url]);
	useEffect(() => setUrl(null), [voice]);
	useEffect(() => {
		if (url) void player.current?.play().catch(() => {});
	}, [url]);

	async function speak() {
		try {
			const body = { model: 'tts-1', input: text.trim() || SENTENCE, voice, response_format: 'mp3' };
			const response = await respond('POST', '/v1/audio/speech', { body, headers: { Accept: 'audio/mpeg, application/json' }, retries: 0 });
			setUrl(URL.createObjectURL(await response.blob()));
		} catch (error) {
			toastError(error);
		}
	}

	return (
		<details className="preview">
			<summary>Hear this voice</summary>
			<div className="stack tight">
				<TextField label="Test sentence" value={text} maxLength={300} help="Spoken by the provider, and counted like any other text." onChange={(event) => setText(event.target.value)} />
				<Button size="small" icon="voice" onClick={speak}>
					Speak it
				</Button>
				{url && <audio ref={player} src={url} controls aria-label="The test sentence" />}
			</div>
		</details>
	);
}

export function VoiceField({ field, value, onChange }: FieldProps) {
	const { profiles } = useEditor();
	const id = typeof value === 'string' ? value : '';
	const list = profiles.data ?? [];
	const chosen = list.find((profile) => profile.id === id);
	const missing = id && profiles.data && !chosen ? 'This voice profile is gone, or belongs to somebody else. Choose another.' : null;
	const untrained = chosen && chosen.trainingStatus !== 'ready' ? 'This voice is not ready yet: train it, or choose another.' : null;
	return (
		<div className="stack tight">
			<Field label={field.label} help={field.help} error={missing ?? untrained ?? faultOf(field, value)}>
				{(ids) => (
					<select {...ids} value={id} onChange={(event) => onChange(event.target.value || undefined)} onFocus={() => void profiles.reload()}>
						<option value="">{list.length ? 'Choose a voice …' : profiles.data ? 'No voice profiles yet' : 'Loading …'}</option>
						{missing && <option value={id}>Unknown voice</option>}
						{list.map(({ id: profile, name, trainingStatus }) => (
							<option key={profile} value={profile}>
								{name}
								{STATE[trainingStatus] ?? ''}
							</option>
						))}
					</select>
				)}
			</Field>
			{profiles.data && (list.length === 0 || untrained) && (
				<p className="fine">
					<Link href={untrained ? `/voices/${id}` : '/voices'}>{untrained ? 'Open the voice profile' : 'Make a voice profile'}</Link>
				</p>
			)}
			{chosen?.trainingStatus === 'ready' && <Preview voice={chosen.id} />}
		</div>
	);
}
