"""Deutsch. Form: unpersönlich, wie Blenders eigene Oberfläche ("... wählen", nicht "Wählen Sie ...")."""

from __future__ import annotations

PHASES = {
    "starting": "Engine wird gestartet",
    "loading": "Modell wird geladen",
    "downloading": "{detail} wird heruntergeladen",
    "preparing": "Ansichten werden vorbereitet",
    "generating": "Bild wird erzeugt",
    "filling": "Lücken und Ränder werden gefüllt",
    "writing": "Ergebnis wird gespeichert",
}

FIXES = {
    "install_engine": "Engine installieren",
    "restart_engine": "Engine neu starten",
    "allow_online": "Online-Zugriff erlauben",
    "choose_model": "Anderes Modell wählen",
    "open_preferences": "Einstellungen öffnen",
    "free_memory": "Speicher freigeben",
    "lower_size": "Kleinere Größe verwenden",
    "unwrap": "Mesh abwickeln",
    "select_mesh": "Mesh auswählen",
    "open_log": "Protokoll öffnen",
}

ERRORS = {
    # Werte
    "value_type": "{name} = {value}: Der Wert muss vom Typ {type} sein.",
    "value_infinite": "{name} = {value}: Der Wert muss eine endliche Zahl sein.",
    "value_choice": "{name} = {value}: Möglich sind nur {choices}.",
    "value_range": "{name} = {value}: Der Wert muss zwischen {low} und {high} liegen.",
    "value_multiple": "{name} = {value}: Der Wert muss ein Vielfaches von {multiple} sein.",
    "params_not_object": "{owner} muss ein Objekt mit benannten Werten sein, nicht {value}.",
    "params_unknown": "{owner} hat keinen Parameter namens {names}.",
    "params_absent": "{owner} braucht {names}.",
    "prompt_empty": "Der Prompt ist leer: Bitte beschreiben, was zu sehen sein soll.",
    "text_surrogates": "{name} enthält Zeichen, die kein Text sind (einzelne Surrogate).",
    "text_too_long": "{name} hat {length} Zeichen: Höchstens {limit} sind möglich.",
    "t_stop_too_high": "t_stop = {t_stop}: Der Wert muss unter t_start = {t_start} liegen.",
    "guidance_interval": "guidance_t_min = {t_min}: Der Wert darf nicht über guidance_t_max = {t_max} liegen.",
    "new_views_need_stochasticity": "non_overlapping = True braucht max_stochasticity: Wechseln die Ansichten in jedem Schritt, "
    "gibt es keine Rauschschätzung, die übernommen werden kann (Abschnitt 7.1.2).",
    "coarse_needs_stochasticity": "coarse_steps = {coarse_steps} braucht max_stochasticity: Das übernommene Rauschen hätte eine "
    "andere Größe.",
    "coarse_steps_range": "coarse_steps = {coarse_steps}: Der Wert muss die Aufwärmschritte ({warmup}) enthalten und vor den "
    "Randschritten ({borders}) noch Schritte übrig lassen.",
    "coarse_resolution_range": "coarse_resolution = {coarse}: Der Wert darf nicht über view_resolution = {full} liegen.",
    "outer_steps_too_few": "warmup + blend_steps = {needed}: outer_steps ist nur {outer_steps}.",
    "coarse_leaves_too_few": "coarse_steps = {coarse_steps}: Von {outer_steps} äußeren Schritten muss für jeden der {sets} "
    "Ansichtssätze einer in voller Größe übrig bleiben.",
    "preset_unknown": "preset = {preset}: Möglich sind hier nur {known}.",
    "job_unknown_keys": "{path} enthält den unbekannten Schlüssel {keys}.",
    "device_unusable": "device = {device}: Das torch {torch} dieses Rechners kann es nicht verwenden; bitte auto wählen.",
    "precision_unknown": "precision = {precision}: Möglich sind nur {known}.",
    "view_size_unfit": "Ansichten von {view_resolution} Pixeln passen nicht zu diesem Modell, das Vielfache von {multiple} "
    "Pixeln verarbeitet: Möglich sind {below} oder {above}.",
    "catalogue_source": "id = {id}: Die Form muss Besitzer/Name sein.",
    "catalogue_revision": "revision = {revision}: Eine feste Revision ist ein vollständiger Commit-Hash.",
    "catalogue_pair": "{model}: controlnet = {controlnet} passt nicht dazu oder existiert nicht.",
    "catalogue_presets": "{model}: auto muss die Tabellen {needed} enthalten.",
    "catalogue_number": "{model}: {name} muss eine Zahl mit Dezimalpunkt sein.",
    # Aufträge
    "kind_unknown": "Ein Auftrag der Art {kind} ist nicht bekannt; möglich sind {known}.",
    "kind_mismatch": "Ein Auftrag der Art {kind} braucht {needed}.",
    "mesh_needed": "Ein Auftrag der Art {kind} braucht ein Mesh.",
    "mesh_not_needed": "Ein Auftrag der Art {kind} hat kein Mesh.",
    "job_missing": "In {folder} liegt kein Auftrag: job.json fehlt.",
    "job_too_large": "{path} ist zu groß für einen Auftrag.",
    "job_unreadable": "{path} kann nicht als Auftrag gelesen werden: {reason}.",
    "job_not_object": "{path} enthält keinen Auftrag.",
    "job_format": "{path} stammt von einer anderen Version von StochSync; diese liest das Format {format}.",
    "job_kind_unknown": "{path}: Ein Auftrag der Art {kind} ist nicht bekannt.",
    "job_versions": "{path}: 'versions' muss Namen Texte zuordnen, und 'created' muss ein Text sein.",
    "picture_unreadable": "Das fertige Bild {path} kann nicht gelesen werden: {reason}",
    "picture_damaged": "Das fertige Bild {path} ist beschädigt. Bitte den Auftrag noch einmal ausführen.",
    "scene_gone": "Die Szene '{scene}' gibt es nicht mehr; das fertige Bild ist {path}.",
    # Meshes
    "mesh_array_type": "Das Mesh-Array '{name}' enthält {found} statt {wanted}.",
    "mesh_array_shape": "Das Mesh-Array '{name}' hat die Form {found} statt {wanted}.",
    "mesh_no_faces": "Das Mesh hat keine Flächen: Es gibt nichts zu texturieren.",
    "mesh_vertex_missing": "Das Mesh ist fehlerhaft: Eine Fläche verweist auf einen Vertex, den es nicht gibt.",
    "mesh_not_finite": "Das Mesh ist fehlerhaft: Einige Vertices haben keine gültige Position (NaN oder unendlich).",
    "mesh_no_extent": "Das Mesh hat keine Ausdehnung: Alle Vertices liegen an derselben Stelle.",
    "uv_count": "Das Mesh hat {faces} Dreiecke, aber UVs für {uvs}. Bitte neu abwickeln.",
    "uv_not_finite": "Die UV-Map ist fehlerhaft: Einige Koordinaten sind NaN oder unendlich. Bitte das Mesh neu abwickeln.",
    "uv_too_far": "Die UV-Map ist fehlerhaft: Einige Koordinaten liegen jenseits von {limit}. Bitte das Mesh neu abwickeln.",
    "uv_empty": "Die UV-Map ist leer: Ihre Flächen haben keinen Flächeninhalt. Bitte das Mesh zuerst abwickeln.",
    "mesh_missing": "Der Auftrag in {folder} hat keine mesh.npz.",
    "mesh_unreadable": "{path} kann nicht gelesen werden: {reason}.",
    "mesh_arrays": "In {path} fehlen {absent}; unbekannt sind die Arrays {unknown}.",
    "mesh_file_type": "{name} ist keine lesbare Mesh-Datei; möglich sind {known}.",
    "mesh_file_missing": "Die Datei {path} gibt es nicht.",
    "mesh_file_unreadable": "{name} kann nicht als Mesh gelesen werden: {reason}.",
    "mesh_file_no_faces": "{name} hat keine Flächen: Es gibt nichts zu texturieren.",
    "nothing_selected": "Nichts ist ausgewählt: Bitte das Mesh auswählen, das texturiert werden soll.",
    "object_unknown": "In der Szene gibt es kein Objekt namens '{name}'; ihre Meshes: {known}.",
    "object_not_mesh": "'{name}' ist kein Mesh, sondern vom Typ {type}: Bitte ein Mesh auswählen, oder Objekt > Konvertieren > "
    "Mesh verwenden.",
    "object_hidden": "'{name}' ist verborgen: Bitte zuerst einblenden (Alt H).",
    "object_linked": "'{name}' ist aus einer anderen Datei verknüpft: Bitte zuerst lokal machen (Objekt > Beziehungen > Lokal "
    "machen > Ausgewählte Objekte und Daten).",
    "object_no_faces": "'{name}' hat keine Flächen: Es gibt nichts zu texturieren.",
    "object_nothing_to_unwrap": "'{name}' hat weder UVs noch Flächen zum Abwickeln: Bitte die Modifikatoren anwenden oder "
    "Flächen modellieren.",
    "uv_layer_dropped": "Ein Modifikator von '{name}' verwirft die UV-Map '{layer}': Bitte den Modifikator anwenden oder "
    "abschalten.",
    "uv_layers_full": "Das Mesh '{name}' hat keinen Platz für eine weitere UV-Map. Bitte eine unbenutzte entfernen.",
    "object_gone": "'{name}' wurde inzwischen umbenannt oder gelöscht; die fertige Textur ist {path}.",
    "object_edited": "'{name}' wurde inzwischen bearbeitet, sodass die neuen UVs nicht mehr passen; die fertige Textur ist "
    "{path}.",
    "uv_layer_gone": "Die UV-Map '{layer}' von '{name}' gibt es nicht mehr; die fertige Textur ist {path}.",
    "uv_layers_full_after": "'{name}' hat keinen Platz für eine weitere UV-Map; die fertige Textur ist {path}.",
    # Modelle
    "model_unknown": "Es gibt kein Modell namens {model} und unter diesem Pfad keinen Diffusers-Ordner (mit model_index.json). "
    "Bekannt sind: {known}.",
    "model_missing": "{label} liegt nicht auf diesem Rechner ({folder}), und Herunterladen ist nicht erlaubt. Es sind "
    "{gigabytes:.1f} GB.",
    "model_not_writable": "{label} kann nicht in {folder} gespeichert werden: {reason}. Bitte einen anderen Modellordner wählen.",
    "model_not_downloaded": "{label} konnte nicht heruntergeladen werden. Versucht wurde: {tried}. Ist das Modell schon "
    "vorhanden, können seine Dateien in {folder} gelegt oder der Pfad seines Ordners als Modell "
    "angegeben werden.",
    "model_no_depth": "Das Modell {model} hat kein Tiefen-ControlNet, und eine Textur braucht eines: Bitte in den Ordner "
    "controlnet im Modell legen oder ein anderes Modell wählen.",
    "model_folder_missing": "Den Modellordner {folder} gibt es nicht.",
    "controlnet_folder_missing": "Den ControlNet-Ordner {folder} gibt es nicht.",
    "model_file_missing": "Das Modell ist unvollständig: {path} fehlt.",
    "model_file_unreadable": "Die Modelldatei {path} kann nicht gelesen werden: {reason}.",
    "model_file_not_object": "Die Modelldatei {path} enthält kein JSON-Objekt.",
    "model_file_damaged": "Die Modelldatei {path} ist beschädigt: {reason}. Bitte löschen und neu laden.",
    "model_file_cut_off": "Die Modelldatei {path} ist beschädigt: Ihr Kopf ist abgeschnitten. Bitte löschen und neu laden.",
    "model_file_size": "Die Modelldatei {path} ist beschädigt: Sie hat {size} statt {wanted} Bytes. Bitte löschen und neu laden.",
    "model_part_unloadable": "Der Modellteil {folder} kann nicht geladen werden: {reason}.",
    "model_weights_strange": "Die Gewichte in {folder} gehören nicht zu ihrer config.json: {count} fehlen, das erste ist "
    "{first}.",
    "unet_no_size": "Das UNet in {folder} sagt nicht, mit welcher (quadratischen) Größe es trainiert wurde: unet/config.json "
    "braucht eine Zahl sample_size.",
    "unet_channels": "Das UNet in {folder} nimmt {unet} Kanäle und sein VAE erzeugt {vae}: Inpainting-, Tiefen- und "
    "Hochskalierungsmodelle können nicht verwendet werden.",
    "text_width": "Das UNet in {folder} liest Text-Embeddings der Breite {unet}, sein Textencoder erzeugt {encoder}.",
    "controlnet_width": "Das ControlNet {controlnet} (Textbreite {theirs}) passt nicht zum Modell {folder} (Textbreite {ours}): "
    "Sie gehören zu verschiedenen Familien.",
    "controlnet_blocks": "Das ControlNet {controlnet} (Blöcke {theirs}) passt nicht zum Modell {folder} (Blöcke {ours}).",
    # Speicher und Platz
    "out_of_memory": "Für diesen Auftrag reicht der Speicher nicht. Bitte eine kleinere Größe wählen oder andere Programme "
    "schließen.",
    "memory_for_view": "Nicht einmal eine Ansicht passt in den Speicher ({reason}). Bitte andere Programme schließen oder ein "
    "kleineres Modell wählen.",
    "memory_for_model": "Das Modell braucht {needed:.1f} GB, und {device} hat {free:.1f} GB frei. Bitte andere Programme "
    "schließen oder ein kleineres Modell wählen.",
    "memory_to_load": "Der Speicher reicht nicht, um {folder} zu laden. Bitte andere Programme schließen oder ein kleineres "
    "Modell wählen.",
    "disk_full": "Der Datenträger ist voll. Bitte dort Platz schaffen, wo der Auftragsordner liegt.",
    "disk_full_file": "Der Datenträger ist voll: {name} konnte nicht in {folder} gespeichert werden. Bitte dort Platz schaffen.",
    "disk_full_download": "Der Datenträger von {folder} ist voll; {label} braucht {gigabytes:.1f} GB. Was schon geladen ist, "
    "bleibt erhalten.",
    "disk_too_small": "{label} braucht {needed:.1f} GB, und der Datenträger von {folder} hat {free:.1f} GB frei. Bitte Platz "
    "schaffen oder einen anderen Modellordner wählen.",
    # Ergebnisse
    "result_not_finite": "Das Modell hat kein Bild ergeben: Seine Zahlen sind übergelaufen (NaN).",
    "result_flat": "Das Modell hat statt eines Bildes eine einzige Farbe ergeben.",
    # Engine
    "engine_not_installed": "Die Engine ist noch nicht installiert: Bitte auf Engine installieren klicken.",
    "engine_not_started": "Die Engine konnte nicht gestartet werden: {reason}. Bitte die Engine neu installieren.",
    "engine_killed_early": "Die Engine wurde beendet (SIGKILL), bevor sie bereit war; das tut das System, wenn der Speicher "
    "ausgeht. Bitte andere Programme schließen oder die Engine neu installieren. Ihr Protokoll ist {log}.",
    "engine_ended_early": "Die Engine endete, bevor sie bereit war ({how}). Bitte die Engine neu installieren. Ihr Protokoll "
    "ist {log}.",
    "engine_ended_early_saying": "Die Engine endete, bevor sie bereit war ({how}: {last_line}). Bitte die Engine neu "
    "installieren. Ihr Protokoll ist {log}.",
    "engine_no_answer": "Die Engine hat {seconds:.0f} s lang nicht geantwortet. Bitte noch einmal versuchen; antwortet sie "
    "weiterhin nicht, neu installieren. Ihr Protokoll ist {log}.",
    "libraries_incomplete": "Die Bibliotheken der Engine sind unvollständig ({reason}). Bitte die Engine neu installieren.",
    "install_needs_online": "Zum Installieren ist Online-Zugriff nötig: Bitte unter Einstellungen > System > Netzwerk erlauben.",
    "installer_not_started": "Das Installationsprogramm konnte in {folder} nicht gestartet werden: {reason}. Bitte in den "
    "Einstellungen einen anderen Engine-Ordner wählen.",
    "installer_failed": "{cause} {advice}",
    "installer_ended": "Das Installationsprogramm endete mit dem Code {exit_code}; mehr steht in {log}.",
    "engine_killed": "Die Engine wurde beendet (SIGKILL); das tut das System, wenn der Speicher ausgeht. Bitte neu starten und, "
    "wenn das wieder geschieht, eine kleinere Größe wählen. Ihr Protokoll ist {log}.",
    "engine_crashed": "Die Engine endete unerwartet ({how}). Bitte neu starten und, wenn das wieder geschieht, eine kleinere "
    "Größe wählen. Ihr Protokoll ist {log}.",
    "engine_silent": "Die Engine hat {seconds:.0f} s lang nichts gemeldet und wurde beendet. Bitte neu starten und, wenn das "
    "wieder geschieht, eine kleinere Größe wählen. Ihr Protokoll ist {log}.",
    # Verständigung zwischen Add-on und Engine
    "message_too_long": "Eine Nachricht von {size} Bytes überschreitet die Grenze von {limit}.",
    "message_unreadable": "Die Gegenseite hat etwas gesendet, das keine Nachricht ist: {reason}.",
    "message_unknown": "Die Gegenseite hat eine unbekannte Art von Nachricht gesendet, wie eine andere Version es täte. Bitte "
    "die Engine neu installieren.",
    "message_keys": "Einer Nachricht {type} fehlt {missing}, und sie hat unbekannte Schlüssel {unknown}.",
    "message_value": "{owner}.{name} sollte {type} sein, nicht {value}.",
    "message_facts": "Für eine Nachricht {type} gibt es keinen Wortlaut: {reason}.",
    "message_not_for_engine": "Die Engine nimmt keine Nachricht {type} an.",
    "message_not_from_engine": "Die Engine hat eine Nachricht {type} gesendet, die nur das Add-on senden darf.",
    "frame_length": "Die Gegenseite hat eine Nachricht von {length} Bytes angekündigt.",
    "no_hello": "Die Engine hat sich nicht zuerst gemeldet; sie ist von einer anderen Version. Bitte die Engine neu "
    "installieren.",
    "version_mismatch": "Die Engine verwendet Version {engine} des Protokolls, dieses Add-on Version {addon}. Bitte die Engine "
    "neu installieren.",
    "engine_unproven": "Geantwortet hat etwas, das nicht unsere Engine ist.",
    "addon_unproven": "Die Seite, die nach der Engine gefragt hat, besitzt deren Schlüssel nicht.",
    "key_missing": "Die erste Zeile der Standardeingabe enthält keinen Schlüssel; dieser Befehl ist für das Add-on.",
    "address_malformed": "{address} ist keine Adresse; dieser Befehl ist für das Add-on.",
    # Sonstiges
    "cancelled": "Abgebrochen.",
    "engine_busy": "Ein anderer Auftrag läuft: Bitte warten oder ihn abbrechen.",
    "addon_busy": "StochSync arbeitet bereits: Bitte warten oder abbrechen.",
    "failure_unknown": "Die Engine ist auf eine unbekannte Weise gescheitert ({type}: {reason}).",
    "failure_logged": "Die Engine ist auf eine unbekannte Weise gescheitert ({type}: {reason}). Mehr steht in {log}.",
    "no_result": "Der Auftrag endete ohne Ergebnis.",
    "result_not_applied": "Das Ergebnis konnte nicht in die Szene übernommen werden: {reason}",
}

NOTICES = {
    "size_beyond_views": "Ansichten von {view_resolution} Pixeln können etwa {filled} der {size} Pixel in der Breite füllen: "
    "Der Rest wird vergrößert. Eine kleinere Größe sähe ebenso aus.",
    "negative_shortened": "Der negative Prompt wurde auf „{kept}“ gekürzt: Dieses kleine Modell kennt {words} nicht.",
    "prompt_cut": "Der Prompt ist länger, als das Modell liest ({tokens} Token); ausgelassen wurde: „{lost}“.",
    "words_unknown": "Diesem kleinen Modell wurde nie gezeigt: {words}.",
    "words_nearest": "Am nächsten kommt, was es kennt: {pairs}.",
    "drawn_as": "Gezeichnet als: {prompt}.",
    "no_place_named": "Nichts im Prompt nennt einen Ort, der gelernt wurde.",
    "no_surface_named": "Nichts im Prompt nennt eine Oberfläche, die gelernt wurde.",
    "word_not_learnt": "Zu „{word}“ wurde kein Bild gelernt.",
    "words_left_out": "Ausgelassen: {words}.",
    "decoder_raised": "Das Modell ergab in halber Genauigkeit ein fehlerhaftes Bild; der Auftrag wurde mit dem Decoder in "
    "voller Genauigkeit wiederholt.",
    "precision_raised": "Das Modell ergab in halber Genauigkeit ein fehlerhaftes Bild; der Auftrag wurde in voller Genauigkeit "
    "wiederholt.",
    "nvdiffrast_broken": "nvdiffrast ist installiert, funktioniert hier aber nicht ({reason}). Embree hat auf dem Prozessor "
    "übernommen.",
}

CAUSES = {
    "source_needs_login": "{source}: HTTP {status}, verlangt eine Anmeldung oder existiert nicht mehr ({file})",
    "source_refused": "{source}: HTTP {status}, verweigert ({file})",
    "source_not_found": "{source}: HTTP {status}, nicht gefunden ({file})",
    "source_busy": "{source}: HTTP {status}, zu viele Anfragen ({file})",
    "source_server_error": "{source}: HTTP {status}, Serverfehler ({file})",
    "source_offline": "{source}: Die Umgebungsvariable {variable} verbietet es",
    "source_no_answer": "{source}: keine Antwort in {seconds:g} s",
    "source_no_connection": "{source}: keine Verbindung ({reason})",
    "source_no_size": "{source}: Die Größe von {file} ist nicht bekannt",
    "source_damaged": "{source}: {file} kam beschädigt an",
    "source_no_data": "{source}: {seconds:g} s lang keine Daten ({file})",
    "source_broken_off": "{source}: Die Verbindung brach ab ({file}: {reason})",
    "source_cut_short": "{source}: {file} endete nach {received} von {size} Bytes",
    "exit_code": "Exit-Code {code}",
    "signal_named": "{name}",
    "signal": "Signal {number}",
    "connection_closed": "Sie hat ihre Verbindung geschlossen",
}

TEXTS = {
    # Arten von Aufträgen
    "Texture": "Textur",
    "A texture for the selected mesh, on its own UVs": "Eine Textur für das ausgewählte Mesh, auf dessen eigenen UVs",
    "Panorama": "Panorama",
    "A 360-degree panorama as the World of this scene": "Ein 360-Grad-Panorama als Welt dieser Szene",
    "Wide Picture": "Breites Bild",
    "A flat picture of any size": "Ein flaches Bild beliebiger Größe",
    "{kind} of {name}": "{kind} von {name}",
    # Parameter
    "Prompt": "Prompt",
    "What the result shows": "Was das Ergebnis zeigt",
    "Negative Prompt": "Negativer Prompt",
    "What it should not show": "Was es nicht zeigen soll",
    "Model": "Modell",
    "Checkpoint: a name of the catalogue, or a folder on disk": "Checkpoint: ein Name aus dem Katalog oder ein Ordner",
    "Preset": "Vorgabe",
    "Time to spend; Auto is what was measured best for the model": "Zeitaufwand; Auto ist, was für das Modell als am besten gemessen wurde",
    "Seed": "Startwert",
    "The same seed gives the same result": "Derselbe Startwert ergibt dasselbe Ergebnis",
    "Size": "Größe",
    "Width and height of the texture": "Breite und Höhe der Textur",
    "Width": "Breite",
    "Width of the panorama; it is twice as wide as high": "Breite des Panoramas; es ist doppelt so breit wie hoch",
    "Width of the picture": "Breite des Bildes",
    "Height": "Höhe",
    "Height of the picture": "Höhe des Bildes",
    "Words Upward": "Worte nach oben",
    "What views that look up add to the prompt; empty: chosen to fit the place": "Was Ansichten nach oben dem Prompt hinzufügen; leer: passend zum Ort gewählt",
    "Words Downward": "Worte nach unten",
    "What views that look down add to the prompt; empty: chosen to fit the place": "Was Ansichten nach unten dem Prompt hinzufügen; leer: passend zum Ort gewählt",
    "Words Upward and Downward": "Worte nach oben und unten",
    "Device": "Gerät",
    "Where the model runs": "Wo das Modell rechnet",
    "Allow Downloads": "Herunterladen erlauben",
    "Fetch checkpoints that are not on this machine": "Checkpoints laden, die nicht auf diesem Rechner liegen",
    "Model Folder": "Modellordner",
    "Where checkpoints are kept; empty: the engine's own folder": "Wo Checkpoints liegen; leer: im Ordner der Engine",
    "Views at Once": "Ansichten zugleich",
    "Views in one network call; 0: as many as fit": "Ansichten in einem Netzaufruf; 0: so viele, wie hineinpassen",
    "Precision": "Genauigkeit",
    "Numbers that the networks compute in; auto: half where the device is faster so": "Zahlen, in denen die Netze rechnen; auto: halbe Genauigkeit, wo das Gerät damit schneller ist",
    "Compile": "Kompilieren",
    "Compile the networks first: a minute, worth it for many jobs on one CUDA device": "Die Netze zuerst kompilieren: eine Minute, die sich für viele Aufträge auf einem CUDA-Gerät lohnt",
    # Werte von Auswahlfeldern
    "Auto": "Auto",
    "Paper": "Wie im Artikel",
    "Fast": "Schnell",
    "Turbo": "Turbo",
    "CPU": "CPU",
    "NVIDIA GPU (CUDA)": "NVIDIA-GPU (CUDA)",
    "Apple GPU (Metal)": "Apple-GPU (Metal)",
    "Float32": "Float32",
    "Bfloat16": "Bfloat16",
    "Float16": "Float16",
    # Einstellungen der Szene
    "Make": "Erzeugen",
    "Lock Seed": "Startwert sperren",
    "Keep this seed; unlocked, every run draws a new one and shows it here": "Diesen Startwert behalten; ohne Sperre wählt jeder Lauf einen neuen und zeigt ihn hier",
    "Strength": "Stärke",
    "Brightness of the World's Background; until you set it, that of the World before is kept": "Helligkeit des Hintergrunds der Welt; bis sie gesetzt wird, bleibt die der vorherigen Welt",
    "Rotation (degrees)": "Drehung (Grad)",
    "Degrees by which the surroundings turn about the vertical, anticlockwise seen from above": "Grad, um die sich die Umgebung um die Senkrechte dreht, von oben gesehen gegen den Uhrzeigersinn",
    # Einstellungen des Rechners
    "Engine Folder": "Engine-Ordner",
    "Folder for the engine, models and jobs (about 2 GB, more with models); empty: Blender's own user folder": "Ordner für Engine, Modelle und Aufträge (etwa 2 GB, mit Modellen mehr); leer: Blenders eigener Benutzerordner",
    "Engine Python": "Python der Engine",
    "Python of an engine environment you made yourself; empty: the one in the engine folder": "Python einer selbst angelegten Engine-Umgebung; leer: das im Engine-Ordner",
    "Blender's user folder": "Blenders Benutzerordner",
    "Inside the engine folder": "Im Engine-Ordner",
    "The engine is not installed yet.": "Die Engine ist noch nicht installiert.",
    # Panels
    "StochSync": "StochSync",
    "Settings": "Einstellungen",
    "Models": "Modelle",
    "Select a mesh": "Ein Mesh auswählen",
    "{count} meshes, one texture each": "{count} Meshes, je eine Textur",
    "new layer {name}": "neue UV-Map {name}",
    "Online access is off: this model works only if it is on this machine already.": "Online-Zugriff ist aus: Dieses Modell geht nur, wenn es schon auf diesem Rechner liegt.",
    "StochSync works in an engine of its own, about 2 GB in a folder of its own. Blender is not changed.": "StochSync rechnet in einer eigenen Engine, etwa 2 GB in einem eigenen Ordner. Blender wird nicht verändert.",
    "Installing needs online access.": "Zum Installieren ist Online-Zugriff nötig.",
    "Choose the Folder": "Ordner wählen",
    "Peak memory: {gigabytes:.1f} GB": "Speicherbedarf: {gigabytes:.1f} GB",
    "Starting the installer": "Installationsprogramm wird gestartet",
    "The engine is installed.": "Die Engine ist installiert.",
    "{job} is done.": "{job} ist fertig.",
    "{phase} ({percent} %)": "{phase} ({percent} %)",
    "a few seconds left": "noch wenige Sekunden",
    "about {count} s left": "noch etwa {count} s",
    "about {count} min left": "noch etwa {count} min",
    "about {count} h left": "noch etwa {count} h",
    # Schaltflächen
    "Generate Texture": "Textur erzeugen",
    "Make a texture for the selected meshes from the prompt, on their own UVs": "Aus dem Prompt eine Textur für die ausgewählten Meshes erzeugen, auf deren eigenen UVs",
    "Generate Panorama": "Panorama erzeugen",
    "Make a 360-degree panorama from the prompt and set it as the World of this scene": "Aus dem Prompt ein 360-Grad-Panorama erzeugen und als Welt dieser Szene setzen",
    "Install Engine": "Engine installieren",
    "Download and set up the engine in its own folder (Python packages; Blender itself is not changed)": "Die Engine herunterladen und in ihrem eigenen Ordner einrichten (Python-Pakete; Blender selbst wird nicht verändert)",
    "Cancel": "Abbrechen",
    "Stop what is running; nothing in the scene changes": "Beenden, was läuft; in der Szene ändert sich nichts",
    "Free Memory": "Speicher freigeben",
    "Unload the model from memory, for example to render; the next run loads it again": "Das Modell aus dem Speicher entladen, etwa zum Rendern; der nächste Lauf lädt es wieder",
    "Dismiss": "Schließen",
    "Close this message": "Diese Meldung schließen",
    "Copy Report": "Bericht kopieren",
    "Copy what happened, with versions and the log, to paste it into a bug report": "Kopieren, was geschehen ist, mit Versionen und Protokoll, um es in einen Fehlerbericht einzufügen",
    "The report is in the clipboard.": "Der Bericht ist in der Zwischenablage.",
    "Use This Model": "Dieses Modell verwenden",
    "Use this model from now on": "Ab jetzt dieses Modell verwenden",
    "Fix": "Beheben",
    "Do what the message suggests": "Tun, was die Meldung vorschlägt",
}
