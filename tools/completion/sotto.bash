# sotto.bash: completion for Sotto's programs. Written from their --help by `make describe`.
# shellcheck shell=bash

# What may follow the words so far.
_sotto_words() {
    case $1 in
    'sotto') echo 'audit report budget receipt rights --help --version' ;;
    'sotto audit') echo 'verify export' ;;
    'sotto audit verify') echo '--entries --help --json --key --seen --socket' ;;
    'sotto audit export') echo '--entries --help --json --key --seen --socket' ;;
    'sotto report') echo 'preview' ;;
    'sotto report preview') echo '--all --help --hex --keys --model --model-key --policy --policy-key --socket --vault' ;;
    'sotto budget') echo '--explain --help --json --keys --model --model-key --policy --policy-key --socket --vault' ;;
    'sotto receipt') echo 'verify' ;;
    'sotto receipt verify') echo '--help --json --key' ;;
    'sotto rights') echo '--at --group --help --item --keys --model --model-key --out --policy --policy-key --profile --provider --purpose --seal-to --socket --vault' ;;
    'sotto-fleet') echo 'collect merge estimate tradeoff --help --version' ;;
    'sotto-fleet collect') echo '--db --enrolled --groups --help --json --policy --policy-key' ;;
    'sotto-fleet merge') echo '--db --help --json' ;;
    'sotto-fleet estimate') echo '--catalogue --clip --db --groups --help --json --map --metric --min-reports --non-negative --top --window' ;;
    'sotto-fleet tradeoff') echo '--cells --devices --epsilon --help --json --kind --max-cells --max-value --max-weight --plot --seed --simulate' ;;
    'sotto-pack') echo 'check train evaluate policy keygen sign verify inspect switch --help --version' ;;
    'sotto-pack check') echo '--cancel-prefix --catalogue --catalogue-map --format --from --help --item-pattern --json --map --max-basket --stale-days --until' ;;
    'sotto-pack train') echo '--age-half-life --alpha-item --alpha-user --cancel-prefix --candidates --catalogue --catalogue-map --created --decay --device-class --fold --for --format --from --half-life --help --item-pattern --lambda-factor --map --max-basket --max-bytes --max-memory --method --min-baskets --mix --negative --neighbours --new-items --new-strength --no-measure --not-after --out --pack-tags --pack-version --prior --repeat --repeat-half-life --row-half-life --rows --self --spread --stale-days --threads --tune --until --window' ;;
    'sotto-pack evaluate') echo '--cancel-prefix --format --from --help --item-pattern --json --k --map --max-basket --min-basket --min-baskets --plot --protocol --repeats --train --unknown-items --until' ;;
    'sotto-pack policy') echo '--created --device-class --explain --help --markdown --model --not-after --out --pack-version --pseudo' ;;
    'sotto-pack keygen') echo '--help --no-password --out --password-file' ;;
    'sotto-pack sign') echo '--comment --help --key --password-file' ;;
    'sotto-pack verify') echo '--help --key' ;;
    'sotto-pack inspect') echo '--card --explain --help --json' ;;
    'sotto-pack switch') echo '--device-class --help --key --number --off --on --out' ;;
    'sotto-sim') echo 'generate split run evaluate page summary --help --version' ;;
    'sotto-sim generate') echo '--days --help --items --out --seed --shoppers --visits-per-day' ;;
    'sotto-sim split') echo '--cancel-prefix --data --help --item-pattern --map' ;;
    'sotto-sim run') echo '--accept-rate --cancel-prefix --data --days --from --help --item-pattern --items --json --kiosks --map --max-basket --measure-rate --model --model-key --out --policy --policy-key --profile-rate --seed --shoppers --visits-per-day' ;;
    'sotto-sim evaluate') echo '--cancel-prefix --data --from --help --item-pattern --json --map --min-basket --model --model-key --policy --policy-key' ;;
    'sotto-sim page') echo '--command --help --in --json --out' ;;
    'sotto-sim summary') echo '--command --help --in' ;;
    'sotto-upload') echo '--ca-file --config --help --once --outbox --period-s --retry-max-s --retry-min-s --sent-files --timeout-s --to --url --version' ;;
    'sotto-web') echo '--config --connections --help --ipv6 --origins --pages --port --timeout-s --token-file --ui-socket --version' ;;
    'sottod') echo '--allow-unlocked --buffers-kib --class --config --help --idle-s --keys --locale --message-s --model --model-key --operator-connections --operator-groups --operator-socket --operator-users --outbox --outbox-files --policy --policy-key --profile-bytes --subject-connections --subject-groups --subject-socket --subject-users --ui-connections --ui-groups --ui-socket --ui-users --vault --version --write-s' ;;
    esac
}

_sotto() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[0]##*/} i words
    for ((i = 1; i < COMP_CWORD && i < 3; i++)); do
        [[ ${COMP_WORDS[i]} == [a-z]* ]] || break
        [ -n "$(_sotto_words "$before ${COMP_WORDS[i]}")" ] || break
        before="$before ${COMP_WORDS[i]}"
    done
    words=$(_sotto_words "$before")
    # An option's value, and anything that is no option once the command is known, is a file.
    if [[ $word != -* ]] && [[ ${COMP_WORDS[COMP_CWORD - 1]} == --* || $words == --* ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    fi
}
complete -F _sotto sotto sotto-fleet sotto-pack sotto-sim sotto-upload sotto-web sottod
