/* Speaks a sentence in the voice. The audio is bought, so it is asked for only by the button. */
import { useEffect, useRef, useState } from 'react';
import { messageOf, respond } from '../api';
import { Button } from '../ui/button';
import { TextField } from '../ui/field';
import { Notice } from '../ui/states';

const SENTENCE = 'This is how I sound when I read your text.';

export function Hear({ voice }: { voice: string }) {
	const [text, setText] = useState(SENTENCE);
	const [url, setUrl] = useState<string | null>(null);
	const [error, setError] = useState<unknown>(null);
	const player = useRef<HTMLAudioElement>(null);
	useEffect(() => () => void (url && URL.revokeObjectURL(url)), [url]);
	useEffect(() => {
		if (url) void player.current?.play().catch(() => {});
	}, [url]);

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
		<section className="card stack" aria-labelledby="hear-title">
			<h2 id="hear-title">Hear it</h2>
			<TextField label="Test sentence" value={text} maxLength={300} help="Spoken by the provider, and counted like any other text." onChange={(event) => setText(event.target.value)} />
			<div className="row">
				<Button icon="play" onClick={speak}>
					Speak it
				</Button>
			</div>
			{error !== null && <Notice kind="bad">{messageOf(error)}</Notice>}
			{url && <audio ref={player} src={url} controls aria-label="The test sentence" />}
		</section>
	);
}
