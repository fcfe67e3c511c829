/* Speaks a sentence in a voice. The audio is bought, so it is asked for only by the button. */
import { useEffect, useState } from 'react';
import { messageOf, respond } from '../api';
import { Button } from '../ui/button';
import { TextField } from '../ui/field';
import { Notice } from '../ui/states';
import { Player } from './player';

const SENTENCE = 'This is how I sound when I read your text.';

export function TestSentence({ voice }: { voice: string }) {
	const [text, setText] = useState(SENTENCE);
	const [url, setUrl] = useState<string | null>(null);
	const [error, setError] = useState<unknown>(null);
	useEffect(() => () => void (url && URL.revokeObjectURL(url)), [url]);

	async function speak() {
		setError(null);
		try {
			const body = { model: 'tts-1', input: text.trim() || SENTENCE, voice, response_format: 'mp3' };
			const response = await respond('POST', '/v1/audio/speech', { body, headers: { Accept: 'audio/mpeg, application/json' }, retries: 0 });
			setUrl(URL.createObjectURL(await response.blob()));
		} catch (failed) {
			setError(failed);
		}
	}

	return (
		<div className="stack tight">
			<TextField label="Test sentence" value={text} maxLength={300} help="Spoken by the provider, and counted like any other text." onChange={(event) => setText(event.target.value)} />
			<div className="row">
				<Button size="small" icon="voice" onClick={speak}>
					Speak it
				</Button>
			</div>
			{error !== null && <Notice kind="bad">{messageOf(error)}</Notice>}
			{url && <Player key={url} open={() => Promise.resolve(url)} title="the test sentence" autoPlay />}
		</div>
	);
}
