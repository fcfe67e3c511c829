/* What the user's account speaks to the providers with, and what programs speak to us with. */
import { SettingsFrame } from './frame';
import { Keys } from './keys';
import { Tokens } from './tokens';

export default function Settings() {
	return (
		<SettingsFrame>
			<Keys />
			<Tokens />
		</SettingsFrame>
	);
}
